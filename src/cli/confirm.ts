/** A question before something that is hard to take back. */
import { ZvaultError } from "../errors.ts";
import { confirm } from "../run/prompt.ts";
import { fittedQuestion } from "./width.ts";

/** Throws `interrupted` for a no, and `would-ask` without a terminal. `yes`: --yes was given. */
export async function sure(question: string, o: { yes: boolean; usually: boolean; no: string }): Promise<void> {
  if (o.yes) return;
  const answer = confirm(fittedQuestion(question, " [Y/n] ".length), o.usually).catch((error: unknown) => {
    if (!(error instanceof ZvaultError) || error.code !== "would-ask") throw error;
    throw new ZvaultError("would-ask", `this would ask first: ${question}`, { hint: "--yes" });
  });
  if (!(await answer)) throw new ZvaultError("interrupted", o.no);
}
