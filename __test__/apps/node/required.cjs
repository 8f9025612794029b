const { Limitr, LimitrError } = require('limitr')

import('limitr').then(async (imported) => {
  if (imported.Limitr !== Limitr || imported.LimitrError !== LimitrError)
    throw new Error('two implementations')
  const limitr = await Limitr.new({ policy: {} })
  console.log(limitr.backend)
  await limitr.close()
})
