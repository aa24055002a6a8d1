import type en from "../en/further";
import type { Same } from "../same";
import account from "./account.json";
import channels from "./channels.json";
import characters from "./characters.json";
import library from "./library.json";
import share from "./share.json";
import video from "./video.json";

const words: Same<typeof en> = { account, channels, characters, library, share, video };

export default words as typeof en;
