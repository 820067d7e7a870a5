/**
 * What is known of AI tools, terminals and services, by the names they bear. Data only; `judge.ts` says what follows from it. Sources:
 * the tools' own code and documents, and the detectors @vercel/detect-agent, am-i-vibing and std-env, read in November 2026.
 */

/** Name of the program (of its file, its script, or as it calls itself) → what people call the tool. */
export const tools: ReadonlyMap<string, string> = new Map([
  ["claude", "Claude Code"],
  ["codex", "Codex"],
  ["gemini", "Gemini CLI"],
  ["cursor-agent", "Cursor"],
  ["aider", "Aider"],
  ["amp", "Amp"],
  ["auggie", "Augment"],
  ["copilot", "Copilot CLI"],
  ["crush", "Crush"],
  ["devin", "Devin"],
  ["droid", "Droid"],
  ["goose", "Goose"],
  ["junie", "Junie"],
  ["kiro-cli", "Kiro"],
  ["octofriend", "Octofriend"],
  ["opencode", "opencode"],
  ["openhands", "OpenHands"],
  ["plandex", "Plandex"],
  ["qwen", "Qwen Code"],
]);

/** Package in `node_modules` → program: an interpreter's script there is `cli.js` or `index.js`, which says nothing. */
export const packages: ReadonlyMap<string, string> = new Map([
  ["@anthropic-ai/claude-code", "claude"],
  ["@augmentcode/auggie", "auggie"],
  ["@charmland/crush", "crush"],
  ["@github/copilot", "copilot"],
  ["@google/gemini-cli", "gemini"],
  ["@openai/codex", "codex"],
  ["@qwen-code/qwen-code", "qwen"],
  ["@sourcegraph/amp", "amp"],
  ["aider-chat", "aider"],
  ["octofriend", "octofriend"],
  ["opencode-ai", "opencode"],
]);

/** Variables that an AI tool sets for what it starts, and nobody else does. Any value but "", "0" and "false" counts. */
export const marks: ReadonlyMap<string, string> = new Map([
  ["CLAUDECODE", "Claude Code"],
  ["CLAUDE_CODE", "Claude Code"],
  ["CLAUDE_CODE_IS_COWORK", "Claude Code"],
  ["CURSOR_AGENT", "Cursor"],
  ["CODEX_SANDBOX", "Codex"],
  ["CODEX_THREAD_ID", "Codex"],
  ["CODEX_CI", "Codex"],
  ["GEMINI_CLI", "Gemini CLI"],
  ["ANTIGRAVITY_AGENT", "Antigravity"],
  ["QWEN_CODE", "Qwen Code"],
  ["OPENCODE", "opencode"],
  ["AUGMENT_AGENT", "Augment"],
  ["AMP_CURRENT_THREAD_ID", "Amp"],
  ["PI_CODING_AGENT", "Pi"],
  ["CRUSH", "Crush"],
  ["GOOSE_TERMINAL", "Goose"],
  ["JUNIE_DATA", "Junie"],
  ["JUNIE_SHIM_PATH", "Junie"],
  ["COPILOT_AGENT", "Copilot"],
  ["COPILOT_CLI", "Copilot CLI"],
]);

/**
 * Variables that are a mark only with one of these values. Others are somebody's own: `AGENT` is an ssh agent's, or a build machine's.
 */
export const markValues: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    "AGENT",
    new Map([
      ["goose", "Goose"],
      ["amp", "Amp"],
      ["crush", "Crush"],
      ["1", "an AI tool"],
    ]),
  ],
  ["CURSOR_EXTENSION_HOST_ROLE", new Map([["agent-exec", "Cursor"]])],
]);

/** The convention that is about to become common: any value is a mark, and names the tool. */
export const generalMark = "AI_AGENT";
export const generalNames: readonly (readonly [prefix: string, name: string])[] = [
  ["claude", "Claude Code"],
  ["codex", "Codex"],
  ["cursor", "Cursor"],
  ["gemini", "Gemini CLI"],
  ["github_copilot", "Copilot"],
  ["goose", "Goose"],
  ["opencode", "opencode"],
  ["amp", "Amp"],
  ["devin", "Devin"],
  ["junie", "Junie"],
  ["v0", "v0"],
];

/**
 * Terminals inside editors: a person's and the tool's look the same. They are ambiguous alone, and a sign together with a pager that
 * was switched off, or without a terminal at all. `undefined`: any value.
 */
export const editorMarks: readonly (readonly [name: string, value: string | undefined, tool: string])[] = [
  ["CURSOR_TRACE_ID", undefined, "Cursor"],
  ["TERM_PROGRAM", "vscode", "VS Code"],
  ["TERM_PROGRAM", "zed", "Zed"],
  ["TERM_PROGRAM", "kiro", "Kiro"],
  ["TERM_PROGRAM", "WarpTerminal", "Warp"],
  ["CODEIUM_EDITOR_APP_ROOT", undefined, "Windsurf"],
  ["TERMINAL_EMULATOR", "JetBrains-JediTerm", "a JetBrains editor"],
  ["REPL_ID", undefined, "Replit"],
];

/** A pager nobody can page in: `cat`, or Cursor's `head -n 10000 | cat`. */
export const noPager = /^(cat|head -n \d+ ?\| ?cat)$/;
export const pagers: readonly string[] = ["PAGER", "GIT_PAGER"];

/** Machines in the cloud that belong to a tool: all of these at once. */
export const machines: readonly { tool: string; has: readonly (readonly [name: string, value: RegExp])[] }[] = [
  {
    tool: "Jules",
    has: [
      ["HOME", /^\/home\/jules$/],
      ["USER", /^swebot$/],
    ],
  },
  { tool: "Devin", has: [["EDITOR", /(^|\/)\.devin\//]] },
];

/** Programs whose first argument is the program. */
export const interpreters = /^(node|nodejs|bun|deno|python(\d(\.\d+)?)?|pypy3?|ruby|perl|sh|bash|dash|zsh)$/;

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Where a person sits: terminals, what keeps them, and what a person logs in by. Names as long as 15 bytes are as the kernel cuts them. */
export const terminals: ReadonlySet<string> = words(`
  alacritty blackbox contour cool-retro-term deepin-terminal foot ghostty gnome-terminal gnome-terminal- gnome-terminal-server guake
  hyper kitty konsole lxterminal mate-terminal mlterm ptyxis ptyxis-agent qterminal rio rxvt sakura st stterm tabby terminator
  terminology tilix urxvt urxvtd warp-terminal wezterm wezterm-gui xfce4-terminal xterm yakuake kgx gnome-console lxterm uxterm
  sshd sshd-session sshd-auth dropbear mosh-server login agetty getty et etterminal telnetd
  screen SCREEN zellij dtach abduco`);

/** Their server lives longer than a login; it is judged by its age. */
export const multiplexers: ReadonlySet<string> = words("tmux screen SCREEN zellij dtach abduco");

/** What starts programs without a person. */
export const services: ReadonlySet<string> = words(`
  cron crond anacron atd fcron supervisord runsv s6-supervise monit Runner.Worker Runner.Listener gitlab-runner buildkite-agent
  act_runner drone-runner woodpecker-agen woodpecker-agent circleci-agent`);

/** Editors whose terminals carry no mark, or lost it. */
export const editors: ReadonlyMap<string, string> = new Map([
  ["code", "VS Code"],
  ["code-insiders", "VS Code"],
  ["codium", "VSCodium"],
  ["vscodium", "VSCodium"],
  ["cursor", "Cursor"],
  ["windsurf", "Windsurf"],
  ["kiro", "Kiro"],
  ["zed", "Zed"],
  ["zed-editor", "Zed"],
  ["antigravity", "Antigravity"],
  ["trae", "Trae"],
  ["idea", "IntelliJ IDEA"],
  ["pycharm", "PyCharm"],
  ["webstorm", "WebStorm"],
  ["goland", "GoLand"],
  ["rubymine", "RubyMine"],
  ["clion", "CLion"],
  ["rider", "Rider"],
  ["phpstorm", "PhpStorm"],
  ["emacs", "Emacs"],
]);
