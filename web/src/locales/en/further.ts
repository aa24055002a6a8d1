import account from "./account.json";
import channels from "./channels.json";
import characters from "./characters.json";
import library from "./library.json";
import share from "./share.json";
import video from "./video.json";

/** What pages beyond the first say. */
export default { account, channels, characters, library, share, video };
