/** What an import asks the scanner, as one value to hand over (`envfile/cuts.ts`, type `Judge`). */
import { classify, isPublic } from "./class.ts";
import { scanLines, scanText } from "./comments.ts";
import { isEveryday } from "./entropy.ts";

export const judge = { classify, isPublic, isEveryday, scanLines, scanText };
