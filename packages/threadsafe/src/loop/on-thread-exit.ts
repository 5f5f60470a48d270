import { forgetBorrower } from './control/exposed-objects.js';
import { allBlockedThreads } from './blocking.js';
import { onOwnEnd, onThreadExit } from './exit-news.js';
import { abandonLocalInboxes, leaveLocalInboxes } from './local-inboxes.js';
import { forgetAnswerer, readMailbox } from './mailbox.js';
import { closeOutboxes, ownerEnded } from './outboxes.js';
import { closeRoad } from './roads.js';
import { pendingCalls } from './pending-calls.js';

// What this thread does when it learns that another one has ended: nothing that loop still owes will come, nothing is sent to it
// any more, and the lanes it had here are read to their end.
onThreadExit((threadId) => {
  const producer = threadId + 1;
  readMailbox(); // an answer that was given counts
  for (const { inboxId, reason } of ownerEnded(producer)) pendingCalls.rejectAll(inboxId, reason);
  leaveLocalInboxes(producer);
  forgetAnswerer(producer);
  allBlockedThreads().forget(producer);
  forgetBorrower(producer);
  closeRoad(producer);
});

// A plain worker ends: its lanes will be taken from it, so it must not write there any more.
onOwnEnd(() => {
  closeOutboxes();
  abandonLocalInboxes();
});
