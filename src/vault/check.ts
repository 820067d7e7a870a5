/** Checks of JSON that came over a door, put together from small ones. Each throws `usage` and names the field. */
import { ZvaultError } from "../errors.ts";

type Fields = Record<string, unknown>;
export type Check = (value: unknown, name: string) => void;

/** Throws `usage`. */
export function refuse(name: string, what: string): never {
  throw new ZvaultError("usage", `${name} must be ${what}`);
}

export const text =
  (max: number): Check =>
  (value, name) => {
    if (typeof value !== "string" || value.length > max || value.includes("\0")) refuse(name, `text of up to ${max} characters`);
  };
export const whole =
  (min: number, max: number): Check =>
  (value, name) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max)
      refuse(name, `a number from ${min} to ${max}`);
  };
export const oneOf =
  (...allowed: string[]): Check =>
  (value, name) => {
    if (typeof value !== "string" || !allowed.includes(value)) refuse(name, `one of ${allowed.join(", ")}`);
  };
export const truth: Check = (value, name) => {
  if (typeof value !== "boolean") refuse(name, "true or false");
};
export const list =
  (item: Check, max: number): Check =>
  (value, name) => {
    if (!Array.isArray(value) || value.length > max) return refuse(name, `a list of up to ${max}`);
    for (const [at, one] of value.entries()) item(one, `${name}[${at}]`);
  };
export const object =
  (required: Record<string, Check>, optional: Record<string, Check> = {}): Check =>
  (value, name) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(name, "an object");
    const fields = value as Fields;
    for (const key of Object.keys(fields)) {
      if (!Object.hasOwn(required, key) && !Object.hasOwn(optional, key))
        throw new ZvaultError("usage", `${name} has an unknown field ${JSON.stringify(key.slice(0, 40))}`);
    }
    for (const [key, check] of Object.entries(required)) check(fields[key], `${name}.${key}`);
    for (const [key, check] of Object.entries(optional)) if (Object.hasOwn(fields, key)) check(fields[key], `${name}.${key}`);
  };
