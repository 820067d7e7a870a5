import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("help.txt");
