import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createTemporaryFolder } from '../temporary-folder.ts'

/** Writes a configuration and the files it serves; returns the command that runs nginx in the foreground. */
export async function nginxCommand(port: number): Promise<{ command: string[]; folder: string }> {
  const folder = createTemporaryFolder('bench')
  await mkdir(join(folder, 'www'))
  await writeFile(join(folder, 'www', '1k.json'), json(1_024))
  await writeFile(join(folder, 'www', '100k.js'), 'x'.repeat(100 * 1_024))
  await writeFile(join(folder, 'www', '10m.bin'), Buffer.alloc(10 * 1_024 * 1_024, 'x'))
  const file = join(folder, 'nginx.conf')
  await writeFile(file, configuration(folder, port))
  return { command: ['nginx', '-p', folder, '-c', file, '-e', join(folder, 'error.log')], folder }
}

export function json(bytes: number): string {
  const empty = JSON.stringify({ items: '' })
  return JSON.stringify({ items: 'x'.repeat(bytes - empty.length) })
}

const configuration = (folder: string, port: number): string => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log crit;
events { worker_connections 16384; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  open_file_cache max=100;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  large_client_header_buffers 8 64k;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  types { application/json json; text/javascript js; application/octet-stream bin; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder}/www;
  }
}
`
