import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("tokens.txt");
