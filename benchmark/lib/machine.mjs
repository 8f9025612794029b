// What a run was measured on, without anybody's names.

import { arch, cpus, platform, release, totalmem } from 'node:os'

/** The machine: processor, cores, memory, kernel, Node, and the day. */
export function machine() {
  const [{ model }, ...others] = cpus()
  return {
    cpu: model.trim(),
    cores: others.length + 1,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${/^\d+\.\d+/.exec(release())?.[0] ?? release()}, ${arch()}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10)
  }
}

/** The same as one line. */
export const machineLine = ({ cpu, cores, memoryGiB, os, node, date }) =>
  `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node.replace('v', '')}, ${date}`
