/** The part of JSON Schema that docs/json uses: type, enum, anyOf, properties, required, additionalProperties, items, date-time. */
export type Schema = {
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: Schema;
  format?: string;
};

/** What does not fit, with its place; empty: all fits. */
export function problems(value: unknown, schema: Schema, at = "$"): string[] {
  if (schema.anyOf) {
    const tried = schema.anyOf.map((one) => problems(value, one, at));
    return tried.some((one) => one.length === 0) ? [] : (tried[0] ?? []);
  }
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${JSON.stringify(value)} is not in the list`];
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => isOf(value, type)))
    return [`${at}: ${JSON.stringify(value)} is no ${types.join(" or ")}`];
  if (schema.format === "date-time" && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(String(value)))
    return [`${at}: no time in UTC`];
  if (Array.isArray(value))
    return value.flatMap((one, index) => (schema.items ? problems(one, schema.items, `${at}[${index}]`) : []));
  if (typeof value !== "object" || value === null) return [];
  const fields = value as Record<string, unknown>;
  const known = schema.properties ?? {};
  return [
    ...(schema.required ?? []).filter((name) => !Object.hasOwn(fields, name)).map((name) => `${at}.${name} is missing`),
    ...(schema.additionalProperties === false ? Object.keys(fields).filter((name) => !Object.hasOwn(known, name)) : []).map(
      (name) => `${at}.${name} is not in the schema`,
    ),
    ...Object.entries(fields).flatMap(([name, one]) => (known[name] ? problems(one, known[name], `${at}.${name}`) : [])),
  ];
}

function isOf(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
