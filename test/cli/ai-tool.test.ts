import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("ai-tool.txt");
