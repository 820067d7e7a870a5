/**
 * Walks: what a person types into a terminal of 80 × 24, and the screen they see then, as text.
 *
 *     # a remark
 *     @ claude               the shell that what follows is typed into (`person` at first); each has a terminal of its own
 *     $ zvault import        a line for bash, on a cleared screen
 *     ? New passphrase:      waits until the line with the cursor has this
 *     > plum sofa            and then types this line; `^C` and `^D` are these keys
 *     | 2 files to import    the screen, once the shell asks for the next line; without what was typed after `$`
 *     ~ 12 lines             so many have left the top of the screen; they stand above, too
 *     = 130                  exit code; left out when 0
 *
 * What differs from run to run is put into capitals (`normal` of test/helpers/transcript.ts).
 */
export type Step = {
  remarks: string[];
  shell: string;
  command: string;
  /** waits for the first, types the second */
  answers: { wait: string; type: string }[];
  screen: string[];
  /** rows */
  scrolled: number;
  status: number;
};

/** Throws where a line is none of the above. */
export function parseWalk(text: string): Step[] {
  const steps: Step[] = [];
  let remarks: string[] = [];
  let shell = "person";
  let wait = "";
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const step = steps.at(-1);
    const rest = line.slice(2);
    if (line === "" || line.startsWith("#")) remarks.push(line);
    else if (line.startsWith("@ ")) shell = rest;
    else if (line.startsWith("$ ")) {
      steps.push({ remarks, shell, command: rest, answers: [], screen: [], scrolled: 0, status: 0 });
      remarks = [];
    } else if (!step) throw new Error(`a walk begins with a command, not with ${line}`);
    else if (line.startsWith("? ")) wait = rest;
    else if (line === ">" || line.startsWith("> ")) step.answers.push({ wait, type: rest });
    else if (line === "|" || line.startsWith("| ")) step.screen.push(rest);
    else if (line.startsWith("~ ")) step.scrolled = Number.parseInt(rest, 10);
    else if (line.startsWith("= ")) step.status = Number(rest);
    else throw new Error(`no line of a walk: ${line}`);
  }
  return steps;
}

export function printWalk(steps: readonly Step[]): string {
  let shell = "person";
  const lines = steps.flatMap((step) => {
    const other = step.shell === shell ? [] : [`@ ${step.shell}`];
    shell = step.shell;
    return [
      ...step.remarks,
      ...other,
      `$ ${step.command}`,
      ...step.answers.flatMap(({ wait, type }) => [`? ${wait}`, `> ${type}`.trimEnd()]),
      ...step.screen.map((line) => `| ${line}`.trimEnd()),
      ...(step.scrolled > 0 ? [`~ ${step.scrolled} lines`] : []),
      ...(step.status === 0 ? [] : [`= ${step.status}`]),
    ];
  });
  return `${lines.join("\n")}\n`;
}
