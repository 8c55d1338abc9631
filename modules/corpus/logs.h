/* modules/corpus/logs.h - append-only logs of a corpus: verdicts and edits that views point into.
**
** Records never move and never change, so a pointer to one lives as long as the corpus and any
** thread may read it while the owning thread appends. Only the thread that makes views appends,
** and nobody may look up a place meanwhile: the list of chunks does move.
**
**   chunk 0 [4096 records] -> chunk 1 [4096] -> …      place = chunk * 4096 + slot
**
** The records of one row lie side by side; a chunk that cannot hold them all is left with a gap,
** and a row with more records than a chunk gets several that lie side by side. Texts (details,
** JSON, edited strings) live in arenas that the group which made them hands over whole, so that
** committing a group copies no text. */
#ifndef TAMIS_LOGS_H
#define TAMIS_LOGS_H

#include "corpus/view.h"

enum { LOG_CHUNK = 4096 };

/* A bump allocator whose blocks can be handed to a log. */
typedef struct Arena {
  struct ArenaBlock *first;   /* newest first; NULL when empty */
} Arena;

char *arena_room(Arena *a, size_t len);               /* NULL if out of memory */
Span arena_copy(Arena *a, Span text);                 /* ptr NULL if out of memory; an empty text has a pointer */
void arena_clear(Arena *a);                           /* forgets all but the largest of its blocks */
void arena_free(Arena *a);

/* Makes c->verdicts and c->edits if they are not there. 0, or -1 if out of memory. */
int logs_open(Corpus *c);
/* Frees both logs and the list of stages; for corpus_unref. */
void logs_free(Corpus *c);

/* Appends the n records of one row, n >= 1; returns the place of the first, or PLACE_NONE
** if out of memory or of places. Of a row's edits the last `replaced` are such (view.h);
** edit_log_add sets `left` and `replaced` of the others. */
uint32_t verdict_log_add(Corpus *c, const Verdict *records, size_t n);
uint32_t edit_log_add(Corpus *c, Edit *records, size_t n, size_t replaced);
const Verdict *verdict_log_at(const Corpus *c, uint32_t place);
const Edit *edit_log_at(const Corpus *c, uint32_t place);
void logs_adopt(Corpus *c, Arena *a);                 /* the logs own a's blocks; a is emptied */
Span logs_text(Corpus *c, Span text);                 /* a copy that the logs own; ptr NULL if out of memory */

#endif
