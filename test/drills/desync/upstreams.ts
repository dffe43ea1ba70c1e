import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

import { startProgram } from '../../endpoints/forward-auth/recipe.ts'
import { startOrigin } from '../../support/origin.ts'
import { freePort } from '../../support/ports.ts'

/** A real server that answers every request with the path that it read, in `X-Seen`. */
export type RealUpstream = {
  name: string
  port: number
  /** The paths of the answered requests, from the server's own log. */
  log: () => string[]
}

type Recipe = { configure(port: number, folder: string): string; command(folder: string, file: string): string[] }

const logOf = (folder: string): string => join(folder, 'requests.log')

const recipes: Record<string, Recipe> = {
  nginx: {
    configure: (port, folder) => `
      daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
      events {}
      http {
        log_format seen "$request_uri"; access_log ${logOf(folder)} seen;
        client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
        uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
        keepalive_requests 1000000;
        server { listen 127.0.0.1:${port}; add_header X-Seen $request_uri always; return 200 "seen"; }
      }`,
    command: (folder, file) => ['nginx', '-p', folder, '-c', file],
  },
  haproxy: {
    configure: (port, folder) => `
defaults
  mode http
  timeout client 1m
  timeout server 1m
  timeout connect 5s
frontend seen
  bind 127.0.0.1:${port}
  log ${folder}/log.sock local0
  http-request wait-for-body time 5s if { req.body_len gt 0 }
  http-request return status 200 content-type text/plain string seen hdr X-Seen "%[pathq]"
`,
    command: (_folder, file) => ['haproxy', '-db', '-f', file],
  },
  apache: {
    configure: (port, folder) => `
ServerRoot ${folder}
PidFile ${folder}/apache.pid
ServerName localhost
Listen 127.0.0.1:${port}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
DocumentRoot ${folder}
ErrorLog ${folder}/error.log
LogFormat "%U%q" seen
CustomLog ${logOf(folder)} seen
MaxKeepAliveRequests 0
KeepAliveTimeout 60
Header always set X-Seen "expr=%{REQUEST_URI}"
RedirectMatch 204 ^/
`,
    command: (_folder, file) => ['apache2', '-X', '-f', file],
  },
}

/** Node, nginx, HAProxy and Apache. HAProxy logs to sockets only, so it has no log here. */
export async function startRealUpstreams(t: Test): Promise<RealUpstream[]> {
  const origin = await startOrigin(t, (request, response) => {
    response.setHeader('x-seen', request.url ?? '')
    request.resume().on('end', () => response.end('seen'))
  })
  const node = {
    name: 'node',
    port: Number(new URL(origin.url).port),
    log: () => origin.seen.map(({ url }) => url ?? ''),
  }
  const others = await Promise.all(Object.entries(recipes).map(([name, recipe]) => startReal(t, name, recipe)))
  return [node, ...others]
}

async function startReal(t: Test, name: string, recipe: Recipe): Promise<RealUpstream> {
  const folder = mkdtempSync(join(tmpdir(), `stagedoor-${name}-`))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const port = await freePort()
  const file = join(folder, `${name}.conf`)
  writeFileSync(file, recipe.configure(port, folder))
  await startProgram(t, recipe.command(folder, file), folder, port)
  return { name, port, log: () => linesOf(logOf(folder)) }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
