import { readdir, readFile, readlink } from 'node:fs/promises'

/** Ports of the clients that a process has connections with, on one port of its own (proc(5); IPv4). */
export async function portsConnectedTo(pid: number, port: number): Promise<Set<number>> {
  const inodes = await socketInodesOf(pid)
  const [, ...rows] = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).trim().split('\n')
  const ports = new Set<number>()
  for (const row of rows) {
    const [, local = '', remote = '', , , , , , , inode = ''] = row.trim().split(/\s+/)
    if (portOf(local) === port && inodes.has(inode)) ports.add(portOf(remote))
  }
  return ports
}

async function socketInodesOf(pid: number): Promise<Set<string>> {
  const folder = `/proc/${pid}/fd`
  // A descriptor may close before it is read.
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')))
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
}

const portOf = (address: string): number => Number.parseInt(address.split(':')[1] ?? '', 16)
