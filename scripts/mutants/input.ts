/** Bad input: one for each class of test/hostile/classes/index.json. */
import type { Mutants } from "./mutant.ts";

export const input: Mutants = {};
