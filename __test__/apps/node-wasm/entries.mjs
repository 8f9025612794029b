import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
for (const entry of ['limitr', 'limitr/wasm', 'limitr/inline']) {
  for (const { Limitr } of [await import(entry), require(entry)]) {
    const limitr = await Limitr.new({ policy: {} })
    console.log(entry, limitr.backend)
    await limitr.close()
  }
}
