/** Message and fields of an error, as one object to compare. */
export function fieldsOf(error: Error): Record<string, unknown> {
  return { message: error.message, ...Object.fromEntries(Object.entries(error)) };
}
