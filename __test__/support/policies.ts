import type { PolicyDocument } from 'limitr'

/** 2024-01-15T10:30:00Z, where the virtual clock of tests starts. */
export const START = 1_705_314_600_000

/** A policy with one of each: hard, soft and observed limits, units, a feature, a scope, two plans. */
export const POLICY = {
  policy: {
    credits: {
      token: { unit: 'token', label: 'Token' },
      seat: { unit: 'seat' },
      storage: { unit: 'MB', stof_units: 'MB' }
    },
    plans: {
      free: {
        label: 'Free',
        default: true,
        entitlements: {
          chat: { limit: { credit: 'token', mode: 'hard', value: 100 } },
          files: { limit: { credit: 'storage', mode: 'hard', value: '1GB' } },
          seats: { scope: 'org', limit: { credit: 'seat', mode: 'hard', value: 3 } },
          soft: { limit: { credit: 'token', mode: 'soft', value: 10 } },
          watched: { limit: { credit: 'token', mode: 'observe', value: 10 } },
          daily: { limit: { credit: 'token', mode: 'hard', value: 5, resets: true, reset_inc: '1day' } },
          export: {}
        }
      },
      pro: {
        label: 'Pro',
        entitlements: {
          chat: { limit: { credit: 'token', mode: 'hard', value: 1000 } },
          sso: {}
        }
      }
    }
  }
} as const satisfies PolicyDocument
