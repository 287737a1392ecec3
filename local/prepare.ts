// Fetches and builds what the local stack needs, once; later runs say nothing and take milliseconds.
import { prepare } from './stack.ts'

await prepare((line) => console.error(line))
