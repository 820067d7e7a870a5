import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("everyday.txt");
