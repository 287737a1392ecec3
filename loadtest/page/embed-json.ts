/** JSON as the text of a script: a `<` inside of one of its texts could end that; as an escape it is the same text. */
export function embedJson(json: string): string {
  return json.replaceAll('<', '\\u003c')
}
