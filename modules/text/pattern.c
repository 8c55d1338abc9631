/* modules/text/pattern.c - see pattern.h. A pattern is a row of items; `item` matches one at s and then
** the rest of the pattern, by recursion only where it may have to come back and try again. */
#include "text/pattern.h"

#define ESCAPE '%'

static const char *rest(Match *m, const char *s, const char *p);

static const char *p_end(const Match *m) { return m->pattern.ptr + m->pattern.len; }
static const char *s_end(const Match *m) { return m->subject.ptr + m->subject.len; }

static const char *bad(Match *m, const char *what) {
  if (m->error == NULL) m->error = what;
  return NULL;
}

static int stopped(const Match *m) { return m->error != NULL || m->out_of_steps; }

/* Pays for one step of work; 0 when none is left. */
static int pay(Match *m) {
  if (m->steps == 0) {
    m->out_of_steps = 1;
    return 0;
  }
  m->steps--;
  return 1;
}

/* ---- single characters ---- */

static int lower(int c) { return 'A' <= c && c <= 'Z' ? c + 32 : c; }
static int is_alpha(int c) { return 'a' <= lower(c) && lower(c) <= 'z'; }
static int is_digit(int c) { return '0' <= c && c <= '9'; }
static int is_graph(int c) { return 0x21 <= c && c <= 0x7E; }

static int in_class(int c, int class) {
  int r;
  switch (lower(class)) {
    case 'a': r = is_alpha(c); break;
    case 'c': r = c < 0x20 || c == 0x7F; break;
    case 'd': r = is_digit(c); break;
    case 'g': r = is_graph(c); break;
    case 'l': r = 'a' <= c && c <= 'z'; break;
    case 'p': r = is_graph(c) && !is_alpha(c) && !is_digit(c); break;
    case 's': r = c == ' ' || (0x09 <= c && c <= 0x0D); break;
    case 'u': r = 'A' <= c && c <= 'Z'; break;
    case 'w': r = is_alpha(c) || is_digit(c); break;
    case 'z': r = c == 0; break;   /* as Lua still has it */
    case 'x': r = is_digit(c) || ('a' <= lower(c) && lower(c) <= 'f'); break;
    default: return class == c;
  }
  return 'A' <= class && class <= 'Z' ? !r : r;
}

/* The first byte behind the single-character item at p; NULL if it is cut short. */
static const char *item_end(Match *m, const char *p) {
  const char *end = p_end(m);
  if (*p == ESCAPE) return p + 1 < end ? p + 2 : bad(m, "malformed pattern (ends with '%')");
  if (*p != '[') return p + 1;
  p++;
  if (p < end && *p == '^') p++;
  for (int first = 1;; first = 0) {
    if (p >= end) return bad(m, "malformed pattern (missing ']')");
    if (*p == ']' && !first) return p + 1;
    if (*p == ESCAPE) {
      if (p + 1 >= end) return bad(m, "malformed pattern (missing ']')");
      p++;
    }
    p++;
  }
}

/* Is c in the set that stands from p, a '[', to end, behind its ']'? */
static int in_set(int c, const char *p, const char *end) {
  int wanted = 1;
  const char *close = end - 1;
  p++;
  if (*p == '^') {
    wanted = 0;
    p++;
  }
  while (p < close) {
    if (*p == ESCAPE) {
      if (in_class(c, (unsigned char)p[1])) return wanted;
      p += 2;
    } else if (p[1] == '-' && p + 2 < close) {
      if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2]) return wanted;
      p += 3;
    } else {
      if ((unsigned char)*p == c) return wanted;
      p++;
    }
  }
  return !wanted;
}

static int single(const Match *m, const char *s, const char *p, const char *end) {
  if (s >= s_end(m)) return 0;
  int c = (unsigned char)*s;
  switch (*p) {
    case '.': return 1;
    case ESCAPE: return in_class(c, (unsigned char)p[1]);
    case '[': return in_set(c, p, end);
    default: return (unsigned char)*p == c;
  }
}

/* ---- repetition ---- */

static const char *longest_first(Match *m, const char *s, const char *p, const char *end, ptrdiff_t least) {
  ptrdiff_t n = 0;
  while (single(m, s + n, p, end)) {
    if (!pay(m)) return NULL;
    n++;
  }
  for (; n >= least; n--) {
    const char *r = rest(m, s + n, end + 1);
    if (r != NULL || stopped(m)) return r;
  }
  return NULL;
}

static const char *shortest_first(Match *m, const char *s, const char *p, const char *end) {
  for (;;) {
    const char *r = rest(m, s, end + 1);
    if (r != NULL || stopped(m)) return r;
    if (!single(m, s, p, end) || !pay(m)) return NULL;
    s++;
  }
}

/* ---- captures ---- */

static const char *open_capture(Match *m, const char *s, const char *p, ptrdiff_t what) {
  if (m->ncaptures >= PATTERN_MAX_CAPTURES) return bad(m, "too many captures");
  m->capture[m->ncaptures++] = (PatternCapture){ s, what };
  const char *r = rest(m, s, p);
  if (r == NULL) m->ncaptures--;
  return r;
}

static const char *close_capture(Match *m, const char *s, const char *p) {
  int i = m->ncaptures - 1;
  while (i >= 0 && m->capture[i].len != PATTERN_OPEN) i--;
  if (i < 0) return bad(m, "invalid pattern capture");
  m->capture[i].len = s - m->capture[i].start;
  const char *r = rest(m, s, p);
  if (r == NULL) m->capture[i].len = PATTERN_OPEN;
  return r;
}

/* %1: what a capture holds stands here again. The end of it, or NULL. */
static const char *same_again(Match *m, const char *s, int digit) {
  int i = digit - '1';
  if (i < 0 || i >= m->ncaptures || m->capture[i].len == PATTERN_OPEN)
    return bad(m, "invalid capture index in pattern");
  ptrdiff_t len = m->capture[i].len;
  if (len == PATTERN_POSITION) return bad(m, "invalid capture index in pattern");
  if (s_end(m) - s < len || memcmp(m->capture[i].start, s, (size_t)len) != 0) return NULL;
  uint64_t cost = (uint64_t)len / 8;
  m->steps = m->steps > cost ? m->steps - cost : 0;
  return s + len;
}

/* %b(): balanced text. The end of it, or NULL. */
static const char *balanced(Match *m, const char *s, const char *p) {
  if (p + 1 >= p_end(m)) return bad(m, "malformed pattern (missing arguments to '%b')");
  if (s >= s_end(m) || *s != p[0]) return NULL;
  ptrdiff_t depth = 1;
  for (s++; s < s_end(m); s++) {
    if (!pay(m)) return NULL;
    if (*s == p[1]) {
      if (--depth == 0) return s + 1;
    } else if (*s == p[0]) {
      depth++;
    }
  }
  return NULL;
}

/* %f[set]: the place where a run of the set begins. 1 if s is one. */
static int frontier(const Match *m, const char *s, const char *p, const char *end) {
  int before = s == m->subject.ptr ? 0 : (unsigned char)s[-1];
  int here = s < s_end(m) ? (unsigned char)*s : 0;
  return !in_set(before, p, end) && in_set(here, p, end);
}

/* ---- the items ---- */

enum { GO_ON = 1, DONE = 0 };

/* A %-item that is no class. GO_ON with *s and *p behind it; DONE with *s the answer. */
static int special(Match *m, const char **s, const char **p) {
  int c = *p + 1 < p_end(m) ? (unsigned char)(*p)[1] : 0;
  if (c == 'b') {
    *s = balanced(m, *s, *p + 2);
    *p += 4;
    return *s != NULL ? GO_ON : DONE;
  }
  if (c == 'f') {
    *p += 2;
    if (*p >= p_end(m) || **p != '[') {
      *s = bad(m, "missing '[' after '%f' in pattern");
      return DONE;
    }
    const char *end = item_end(m, *p);
    if (end == NULL || !frontier(m, *s, *p, end)) {
      *s = NULL;
      return DONE;
    }
    *p = end;
    return GO_ON;
  }
  *s = same_again(m, *s, c);
  *p += 2;
  return *s != NULL ? GO_ON : DONE;
}

static int is_special(const Match *m, const char *p) {
  if (*p != ESCAPE || p + 1 >= p_end(m)) return 0;
  return p[1] == 'b' || p[1] == 'f' || is_digit((unsigned char)p[1]);
}

/* A character item with what may follow it. GO_ON with *s and *p behind it; DONE with *s the answer. */
static int item(Match *m, const char **s, const char **p) {
  const char *end = item_end(m, *p);
  if (end == NULL) {
    *s = NULL;
    return DONE;
  }
  char mark = end < p_end(m) ? *end : '\0';
  switch (mark) {
    case '*': *s = longest_first(m, *s, *p, end, 0); return DONE;
    case '+': *s = longest_first(m, *s, *p, end, 1); return DONE;
    case '-': *s = shortest_first(m, *s, *p, end); return DONE;
    case '?':
      if (single(m, *s, *p, end)) {
        const char *r = rest(m, *s + 1, end + 1);
        if (r != NULL || stopped(m)) {
          *s = r;
          return DONE;
        }
      }
      *p = end + 1;
      return GO_ON;
    default:
      if (!single(m, *s, *p, end)) {
        *s = NULL;
        return DONE;
      }
      *s += 1;
      *p = end;
      return GO_ON;
  }
}

/* Matches the pattern from p on at s. */
static const char *walk(Match *m, const char *s, const char *p) {
  const char *end = p_end(m);
  while (p < end) {
    if (!pay(m)) return NULL;
    if (*p == '(') {
      if (p + 1 < end && p[1] == ')') return open_capture(m, s, p + 2, PATTERN_POSITION);
      return open_capture(m, s, p + 1, PATTERN_OPEN);
    }
    if (*p == ')') return close_capture(m, s, p + 1);
    if (*p == '$' && p + 1 == end) return s == s_end(m) ? s : NULL;
    int go = is_special(m, p) ? special(m, &s, &p) : item(m, &s, &p);
    if (go == DONE) return s;
  }
  return s;
}

static const char *rest(Match *m, const char *s, const char *p) {
  if (m->depth >= PATTERN_MAX_DEPTH) return bad(m, "pattern too complex");
  m->depth++;
  const char *r = walk(m, s, p);
  m->depth--;
  return stopped(m) ? NULL : r;
}

void match_init(Match *m, Span subject, Span pattern, uint64_t steps) {
  m->subject = subject;
  m->pattern = pattern;
  m->steps = steps;
  m->error = NULL;
  m->out_of_steps = 0;
  m->depth = 0;
  m->ncaptures = 0;
}

const char *match_at(Match *m, const char *s) {
  m->ncaptures = 0;
  const char *r = rest(m, s, m->pattern.ptr);
  if (r == NULL) return NULL;
  for (int i = 0; i < m->ncaptures; i++)
    if (m->capture[i].len == PATTERN_OPEN) return bad(m, "unfinished capture");
  return r;
}

/* The byte that every match begins with; -1 if that is not plain. */
static int first_byte(Span p) {
  if (p.len == 0 || memchr("^$*+?.([%-)", p.ptr[0], 11) != NULL) return -1;
  return p.len > 1 && memchr("*?-", p.ptr[1], 3) != NULL ? -1 : (unsigned char)p.ptr[0];
}

const char *match_search(Match *m, const char *s, const char **end) {
  const char *last = s_end(m);
  int first = first_byte(m->pattern);
  for (;; s++) {
    if (first >= 0) {   /* leaps to where a match may begin */
      const char *at = memchr(s, first, (size_t)(last - s));
      uint64_t cost = (uint64_t)((at != NULL ? at : last) - s) / 16;
      m->steps = m->steps > cost ? m->steps - cost : 0;
      if (at == NULL) return NULL;
      s = at;
    }
    *end = match_at(m, s);
    if (*end != NULL) return s;
    if (s >= last || stopped(m)) return NULL;
  }
}

int pattern_is_plain(Span pattern) {
  for (size_t i = 0; i < pattern.len; i++)
    if (memchr("^$*+?.([%-", pattern.ptr[i], 10) != NULL) return 0;
  return 1;
}
