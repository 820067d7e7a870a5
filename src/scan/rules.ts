/** All rules, the surest first: where two find the same text, the earlier one names it. */
import type { Rule } from "./rule.ts";
import { cloud } from "./rules/cloud.ts";
import { code } from "./rules/code.ts";
import { services } from "./rules/services.ts";
import { shapes } from "./rules/shapes.ts";

export const rules: readonly Rule[] = [...services, ...cloud, ...code, ...shapes];
