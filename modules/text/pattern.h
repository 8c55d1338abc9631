/* modules/text/pattern.h - Lua's patterns (Lua 5.4 manual, 6.4.1) with a bound on the work.
**
** The matcher that comes with Lua backtracks without end: `.-.-.-.-b` on 200 bytes runs for half
** a minute, and no hook can stop it, for it is C. This one counts its steps and gives up when they
** are spent. Character classes are those of ASCII whatever the locale. No Lua, no allocation. */
#ifndef TAMIS_PATTERN_H
#define TAMIS_PATTERN_H

#include "core/span.h"

enum { PATTERN_MAX_CAPTURES = 32, PATTERN_MAX_DEPTH = 200 };

typedef struct PatternCapture {
  const char *start;
  ptrdiff_t len;              /* PATTERN_POSITION for `()` */
} PatternCapture;

enum { PATTERN_OPEN = -1, PATTERN_POSITION = -2 };

typedef struct Match {
  Span subject, pattern;      /* the pattern without its leading ^ */
  uint64_t steps;             /* left; counts down */
  const char *error;          /* NULL; or what is wrong with the pattern (a sentence) */
  int out_of_steps;
  int depth;
  int ncaptures;
  PatternCapture capture[PATTERN_MAX_CAPTURES];
} Match;

/* Sets *m up for a subject and a pattern; steps is how much work may be done with it. */
void match_init(Match *m, Span subject, Span pattern, uint64_t steps);
/* Does the pattern match at s exactly? The end of the match, its captures in *m; NULL if it does
** not, or with m->error or m->out_of_steps set. */
const char *match_at(Match *m, const char *s);
/* The first place from s on where the pattern matches: its start, with *end behind the match; NULL
** if there is none or as above. */
const char *match_search(Match *m, const char *s, const char **end);
/* Has the pattern any character with a meaning of its own? */
int pattern_is_plain(Span pattern);

#endif
