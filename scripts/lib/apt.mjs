// Debian's packages, installed where that may be done.

import { run } from './run.mjs'

/** Installs packages; answers `{ code, output }` as `run` does, and never throws. */
export function aptInstall(packages) {
  const install = 'apt-get install -q -y -o DPkg::Lock::Timeout=60 --no-install-recommends'
  return run('sh', ['-c', `apt-get update -q && ${install} ${packages.join(' ')}`], {
    env: { DEBIAN_FRONTEND: 'noninteractive' }
  })
}
