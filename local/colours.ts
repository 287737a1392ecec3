// Colours for people: on a terminal only, also where CI is set, and never with NO_COLOR.
import pc from 'picocolors'

export const colours = pc.createColors(Boolean(process.stdout.isTTY) && process.env['NO_COLOR'] === undefined)
