/** What an import asks the scanner, as one value to hand over (`envfile/rewrite.ts`, type `Judge`). */
import { classify, isPublic } from "./class.ts";
import { scanLines, scanText } from "./comments.ts";
import { maskable } from "./entropy.ts";

/** `postgres`, `development`: a password that is an everyday word, which other texts hold without telling anything. */
const isWord = (value: Uint8Array): boolean => maskable(value) === "no";

export const judge = { classify, isPublic, isWord, scanLines, scanText };
