/**
 * Names of policies and whatever else people name in the vault and type again later: trimmed and lower-cased, so that one name has one
 * spelling; what is not ASCII is refused and never folded, because look-alikes are other letters. 1–64 of a-z 0-9 . _ -.
 */
import { quoted, ZvaultError } from "../errors.ts";
import { limits } from "../verbs.ts";

/** The one spelling of `text`. `what` is a noun for the message: "policy". Throws `usage`. */
export function nameOf(text: string, what: string): string {
  const refuse = (why: string): never => {
    throw new ZvaultError("usage", `${quoted(text)} is no name of a ${what}: ${why}`, {
      hint: `1 to ${limits.name} of a-z 0-9 . _ -`,
    });
  };
  // before anything is trimmed: to JavaScript a no-break space is white space
  if (/[^\x20-\x7e]/.test(text)) refuse("it has a character that is not plain ASCII");
  const name = text.trim().toLowerCase();
  if (name === "" || name.length > limits.name) refuse(name === "" ? "it is empty" : `it is longer than ${limits.name}`);
  if (!/^[a-z0-9._-]+$/.test(name) || name === "." || name === "..") refuse("it has a character that is not allowed");
  return name;
}
