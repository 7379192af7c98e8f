type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out the fields that are undefined, so that `'field' in usage` and a comparison mean what they say. */
export function present<T extends object>(fields: T): Present<T> {
  // As a rule nothing is missing, and an object made field by field is a hash table for V8, four times the size.
  if (!Object.values(fields).includes(undefined)) return fields as Present<T>;
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) kept[name] = value;
  return kept as Present<T>;
}
