/** The value of a JSON text, or undefined where it is none: the caller's check of the shape refuses both alike. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
