import type { Log } from '../../services/lib/log.ts'

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }
