import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("sealed.txt");
