/* modules/rules/chat.h - is a conversation whole? Reads the list of turns of a row ({"role", "content"} or
** {"from", "value"}), with its tool calls and results.
**
** An empty turn has no content, or only blanks, and no tool call. Roles come out of order where a user's turn
** follows a user's, an assistant's an assistant's (a call and the results between them apart), or a system turn
** stands behind another. A call is paired with results by its id, or, without ids, by number. */
#ifndef TAMIS_CHAT_H
#define TAMIS_CHAT_H

#include "core/error.h"
#include "corpus/rowop.h"

typedef enum ChatSign {
  CHAT_EMPTY, CHAT_LITERAL, CHAT_ORDER, CHAT_NO_USER, CHAT_LAST, CHAT_CALL, CHAT_RESULT, CHAT_ARGUMENTS, CHAT_SIGNS
} ChatSign;
extern const char *const chat_signs[CHAT_SIGNS];   /* "empty_turn", "literal_null", … */

typedef struct ChatFaults {
  size_t n[CHAT_SIGNS];       /* how often */
  size_t turn[CHAT_SIGNS];    /* the first turn that shows it */
} ChatFaults;

/* Counts the faults of a list of turns, valid JSON. literals[n]: texts that are no content ("null"), lower case.
** 0, or -1 if out of memory. */
int chat_read(Span turns, const Span *literals, size_t n, ChatFaults *out);

/* Rejects a row whose list at `key` ("messages") has more of a sign than most[sign]; a row without it passes.
** Reasons and metrics bear the signs' names. Names are copied. */
RowOp *chat_op(const Span *keys, size_t nkeys, const double most[CHAT_SIGNS], const Span *literals, size_t n,
               Error *err);

#endif
