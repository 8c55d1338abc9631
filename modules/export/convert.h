/* modules/export/convert.h - a row's texts as turns, and turns as another format. Texts that no
** stage edited keep their very escapes. What a format has no place for makes the row one that
** cannot be converted: nothing is dropped in silence. */
#ifndef TAMIS_CONVERT_H
#define TAMIS_CONVERT_H

#include "corpus/json.h"
#include "corpus/view.h"
#include "export/splice.h"

typedef enum ExportFormat {
  EXPORT_AS_READ, EXPORT_MESSAGES, EXPORT_PAIRS, EXPORT_ALPACA, EXPORT_SHAREGPT,
  EXPORT_PROMPT_COMPLETION, EXPORT_PREFERENCE, EXPORT_FORMAT_COUNT
} ExportFormat;

const char *export_format_name(ExportFormat f);     /* "" for EXPORT_AS_READ */
int export_format_by_name(Span name);               /* -1 if there is none */
const char *const *export_format_keys(ExportFormat f);   /* what it writes; NULL at the end */

typedef enum ConvertRole { CONVERT_SYSTEM, CONVERT_USER, CONVERT_ASSISTANT } ConvertRole;

typedef struct ConvertTurn {
  ConvertRole role;
  Span text;
  int raw;              /* text is a JSON string's inside, as it stands in the row */
  Span extra;           /* other members of the turn, each with a comma before it; len 0: none */
} ConvertTurn;

typedef struct Convert {
  ConvertTurn *turn;    /* [nturns] */
  size_t nturns, cap;
  Span alternative;     /* the rejected answer of a preference; ptr NULL: none */
  const Splice *splice; /* [nsplices] the row's edits, for what is kept beside the texts; set by the caller */
  size_t nsplices;
  Buf text;             /* in the making */
  const char *why_not;  /* a static sentence if the row cannot be converted; else NULL */
} Convert;

/* Reads the row's turns; system.ptr not NULL: put in front where the row has no system text.
** keep_extra: other members of a turn are kept. 0 (look at why_not); -1 if out of memory. */
int convert_read(Convert *c, const Row *r, Span system, int keep_extra);
/* Can this row stand in that format as plain strings, or does it need lists of turns? */
int convert_needs_turns(const Convert *c, ExportFormat to);
/* Appends the members of that format, without braces. as_turns: prompt_completion and preference
** as lists of turns. Sets why_not if it cannot be. 0; -1 if out of memory. */
int convert_write(Convert *c, ExportFormat to, int as_turns, Buf *out);
void convert_free(Convert *c);

#endif
