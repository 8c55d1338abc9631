/* modules/neardup/turns.c - see turns.h */
#include "neardup/turns.h"

#include "corpus/view.h"

enum { ALONE = -1, NO_TURN = -2 };   /* numbers beside those of turns; ALONE: strings that are no turns */

static int turn_of(const RowString *s) { return s->flags & STRING_TURN ? s->turn : ALONE; }

static int by_user(const RowString *s) { return !(s->flags & STRING_TURN) || s->flags & STRING_USER; }

/* The number of the user's first or last turn; NO_TURN if no user has one. */
static int user_turn(const RowString *s, size_t n, int last) {
  int found = NO_TURN;
  for (size_t i = 0; i < n; i++)
    if (by_user(&s[i]) && (last || found == NO_TURN)) found = turn_of(&s[i]);
  return found;
}

/* Where the last `tail` turns of s[0..n) begin. */
static size_t tail_of(const RowString *s, size_t n, unsigned tail) {
  size_t from = n;
  for (unsigned k = 0; k < tail && from > 0; k++) {
    int turn = turn_of(&s[--from]);
    while (from > 0 && turn_of(&s[from - 1]) == turn) from--;
  }
  return from;
}

/* Leaves of s[0..n) those that count; how many. */
static size_t choose(RowString *s, size_t n, Turns turns) {
  size_t kept = 0, from = turns.which == TURNS_TAIL ? tail_of(s, n, turns.tail) : 0;
  int only = NO_TURN;
  if (turns.which == TURNS_FIRST || turns.which == TURNS_LAST) only = user_turn(s, n, turns.which == TURNS_LAST);
  for (size_t i = from; i < n; i++) {
    if (turns.which == TURNS_USERS && !by_user(&s[i])) continue;
    if (only != NO_TURN && turn_of(&s[i]) != only) continue;
    s[kept++] = s[i];
  }
  return kept;
}

static int join(const Row *row, const RowString *s, size_t n, Span *out) {
  size_t len = 0;
  for (size_t i = 0; i < n; i++) len += s[i].text.len + 1;
  char *room = scratch_room(row->scratch, len), *p = room;
  if (room == NULL) return -1;
  for (size_t i = 0; i < n; i++) {
    if (i > 0) *p++ = '\n';
    if (s[i].text.len > 0) memcpy(p, s[i].text.ptr, s[i].text.len);
    p += s[i].text.len;
  }
  *out = span_of(room, (size_t)(p - room));
  return 0;
}

static int has_turns(const Row *row) {
  const StringRef *s = corpus_row_strings(row->corpus, row->index);
  for (size_t i = 0; i < row->corpus->rows[row->index].nstrings; i++)
    if (s[i].field == FIELD_INPUT && s[i].flags & STRING_TURN) return 1;
  return 0;
}

int turns_field(const Row *row, Field f, Turns turns, Span *out) {
  if (f != FIELD_INPUT || turns.which == TURNS_ALL || !has_turns(row)) {
    *out = row_field(row, f);
    return 0;
  }
  size_t most = row->corpus->rows[row->index].nstrings;
  RowString *s = scratch_room(row->scratch, most * sizeof *s);
  if (s == NULL) return -1;
  size_t n = choose(s, row_field_strings(row, f, s, most), turns);
  *out = n == 0 ? span_of("", 0) : s[0].text;
  return n < 2 ? 0 : join(row, s, n, out);
}
