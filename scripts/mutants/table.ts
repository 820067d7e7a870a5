/** All of them, by name. */
import { audit } from "./audit.ts";
import { disk } from "./disk.ts";
import { input } from "./input.ts";
import type { Mutants } from "./mutant.ts";
import { policy } from "./policy.ts";
import { who } from "./who.ts";

const rooms = [disk, policy, who, audit, input];

export const mutants: Mutants = Object.assign({}, ...rooms) as Mutants;

const count = rooms.reduce((sum, room) => sum + Object.keys(room).length, 0);
if (count !== Object.keys(mutants).length) throw new Error("two mutants have the same name");
