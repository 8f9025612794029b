// A policy as an object. `@type {const}` is what `as const` is in TypeScript: it keeps the names as types.

export const policy = /** @type {const} */ ({
  policy: {
    plans: {
      free: { label: 'Free', default: true, entitlements: { dark_mode: {} } },
      pro: { label: 'Pro', entitlements: { dark_mode: {}, pdf_export: {}, api_access: {} } },
      enterprise: {
        label: 'Enterprise',
        entitlements: { dark_mode: {}, pdf_export: {}, api_access: {}, single_sign_on: {} }
      }
    }
  }
})
