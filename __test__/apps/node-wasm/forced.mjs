import { Limitr } from 'limitr'

const refusal = await Limitr.new({ policy: {} }, 'auto', { backend: 'native' }).catch((error) => error)
console.log(`${refusal.code}: ${refusal.message}`)
