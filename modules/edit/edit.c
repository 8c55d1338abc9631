/* modules/edit/edit.c - see edit.h */
#include "edit/edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int edit_word(EditWords *w, Span word) {
  if (word.len == 0 || memchr(word.ptr, 0, word.len) != NULL) return 0;
  if (buf_reserve(&w->text, word.len + 1) != 0) return -1;
  buf_add(&w->text, word.ptr, word.len);
  buf_char(&w->text, 0);
  w->n++;
  return 0;
}

#ifdef HAVE_EDIT

#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <wchar.h>

#include "core/printable.h"

enum { ASK_WIDTH = 2 };   /* blanks between two words of a list */
#define INDENT "  "

struct Editor {
  EditLine *el;
  History *history;
  HistEvent event;
  char *file;            /* NULL: the history is kept in memory alone */
  const char *prompt;    /* of the line that is read */
  EditComplete complete;
  void *ctx;
  EditWords words;       /* of the last completion */
  int interrupted;
  size_t width;          /* columns, of the last completion */
};

static Editor *editor_of(EditLine *el) {
  void *e = NULL;
  el_get(el, EL_CLIENTDATA, &e);
  return e;
}

static char *prompt_of(EditLine *el) { return (char *)editor_of(el)->prompt; }

static unsigned char on_interrupt(EditLine *el, int key) {
  (void)key;
  editor_of(el)->interrupted = 1;
  return CC_EOF;
}

/* ---- completion ---- */

/* Bytes that all words have in common at their start, on the border of a character. */
static size_t common_prefix(const EditWords *w) {
  const char *first = w->text.ptr, *word = first;
  size_t len = strlen(first);
  for (size_t i = 1; i < w->n; i++) {
    word += strlen(word) + 1;
    size_t k = 0;
    while (k < len && word[k] == first[k]) k++;
    len = k;
  }
  while (len > 0 && ((unsigned char)first[len] & 0xC0) == 0x80) len--;
  return len;
}

/* The word without the part that is the same in all and ends in a separator: a file without its
** folders, a method without its object. */
static const char *short_word(const char *word, size_t common) {
  const char *last = word;
  for (size_t i = 0; i < common; i++)
    if (word[i] == '/' || word[i] == '.' || word[i] == ':') last = word + i + 1;
  return *last != '\0' ? last : word;
}

static size_t columns_of(const char *text) {
  size_t n = 0;
  for (; *text != '\0'; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
  return n;
}

static void list_words(Editor *e, FILE *out, size_t common) {
  Buf safe = { 0 };
  size_t widest = 1, at = 0;
  const char *word = e->words.text.ptr;
  for (size_t i = 0; i < e->words.n; i++, word += strlen(word) + 1) {
    const char *shown = short_word(word, common);
    if (printable(&safe, span_str(shown), 0) != 0 || buf_char(&safe, 0) != 0) {
      buf_free(&safe);
      return;
    }
  }
  word = safe.ptr;
  for (size_t i = 0; i < e->words.n; i++, word += strlen(word) + 1)
    if (columns_of(word) > widest) widest = columns_of(word);
  size_t across = e->width / (widest + ASK_WIDTH);
  if (across == 0) across = 1;
  word = safe.ptr;
  fputc('\n', out);
  for (size_t i = 0; i < e->words.n; i++, word += strlen(word) + 1) {
    at++;
    int last = at % across == 0 || i + 1 == e->words.n;
    fputs(word, out);
    if (last) fputc('\n', out);
    else fprintf(out, "%*s", (int)(widest + ASK_WIDTH - columns_of(word)), "");
  }
  fflush(out);
  buf_free(&safe);
}

static unsigned char complete_here(EditLine *el, Editor *e, const LineInfo *line) {
  size_t cursor = (size_t)(line->cursor - line->buffer);
  e->words.text.len = e->words.n = 0;
  e->words.start = cursor;
  e->complete(e->ctx, span_of(line->buffer, cursor), &e->words);
  if (e->words.n == 0 || e->words.start > cursor) return CC_REFRESH_BEEP;
  size_t typed = cursor - e->words.start, common = common_prefix(&e->words);
  if (common > typed) {
    char *more = strndup(e->words.text.ptr + typed, common - typed);
    int bad = more == NULL || el_insertstr(el, more) != 0;
    free(more);
    return bad ? CC_REFRESH_BEEP : CC_REFRESH;
  }
  if (e->words.n == 1) return CC_REFRESH;
  FILE *out;
  if (el_get(el, EL_GETFP, 1, &out) != 0) return CC_ERROR;
  list_words(e, out, common);
  return CC_REDISPLAY;
}

/* Where a line begins a tab indents, as in text that is pasted. */
static int is_blank(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t')) p++;
  return p == end;
}

static unsigned char on_tab(EditLine *el, int key) {
  Editor *e = editor_of(el);
  const LineInfo *line = el_line(el);
  (void)key;
  if (e->complete == NULL || line == NULL) return CC_REFRESH_BEEP;
  if (is_blank(line->buffer, line->cursor)) return el_insertstr(el, INDENT) == 0 ? CC_REFRESH : CC_REFRESH_BEEP;
  int width = 0;
  e->width = el_get(el, EL_GETTC, "co", &width, NULL) == 0 && width > 0 ? (size_t)width : 80;
  return complete_here(el, e, line);
}

/* ---- the editor ---- */

/* What is typed is UTF-8, whatever the environment says. */
static void want_utf8(void) {
  if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
}

static void bind_keys(EditLine *el) {
  el_set(el, EL_EDITOR, "emacs");
  el_set(el, EL_SIGNAL, 0);
  el_set(el, EL_SETTY, "-d", "-isig", (char *)NULL);
  /* the wide call keeps the names as they are; the narrow one copies and never frees them */
  el_wset(el, EL_ADDFN, L"tamis-interrupt", L"drop the line", on_interrupt);
  el_wset(el, EL_ADDFN, L"tamis-complete", L"complete the word", on_tab);
  el_set(el, EL_BIND, "^C", "tamis-interrupt", (char *)NULL);
  el_set(el, EL_BIND, "^I", "tamis-complete", (char *)NULL);
  el_set(el, EL_BIND, "^R", "em-inc-search-prev", (char *)NULL);
  el_set(el, EL_BIND, "\\e[1;5C", "em-next-word", (char *)NULL);
  el_set(el, EL_BIND, "\\e[1;5D", "ed-prev-word", (char *)NULL);
}

static int open_history(Editor *e, const char *file, int lines) {
  e->history = history_init();
  if (e->history == NULL) return -1;
  history(e->history, &e->event, H_SETSIZE, lines);
  history(e->history, &e->event, H_SETUNIQUE, 1);
  if (file == NULL) return 0;
  e->file = strdup(file);
  if (e->file == NULL) return -1;
  history(e->history, &e->event, H_LOAD, e->file);
  return 0;
}

Editor *edit_new(const char *file, int lines, EditComplete complete, void *ctx, Error *err) {
  want_utf8();
  Editor *e = calloc(1, sizeof *e);
  if (e != NULL) {
    e->complete = complete;
    e->ctx = ctx;
    e->el = el_init("tamis", stdin, stdout, stderr);
  }
  if (e == NULL || e->el == NULL || open_history(e, file, lines) != 0) {
    edit_free(e);
    error_memory(err);
    return NULL;
  }
  el_set(e->el, EL_CLIENTDATA, e);
  el_set(e->el, EL_PROMPT, prompt_of);
  el_set(e->el, EL_HIST, history, e->history);
  bind_keys(e->el);
  return e;
}

void edit_free(Editor *e) {
  if (e == NULL) return;
  if (e->el != NULL) el_end(e->el);
  if (e->history != NULL) history_end(e->history);
  buf_free(&e->words.text);
  free(e->file);
  free(e);
}

EditResult edit_read(Editor *e, const char *prompt, Buf *out) {
  int n = 0;
  out->len = 0;
  e->prompt = prompt;
  e->interrupted = 0;
  el_resize(e->el);
  errno = 0;
  const char *line = el_gets(e->el, &n);
  if (e->interrupted) {
    el_reset(e->el);
    fputs("^C\n", stdout);
    return EDIT_INTERRUPTED;
  }
  if (line == NULL || n <= 0) return n < 0 && errno != 0 ? EDIT_FAILED : EDIT_END;
  size_t len = (size_t)n;
  if (line[len - 1] == '\n') len--;
  return buf_add(out, line, len) != 0 ? EDIT_FAILED : EDIT_LINE;
}

void edit_remember(Editor *e, const char *line) {
  if (line[strspn(line, " \t")] == '\0') return;
  history(e->history, &e->event, H_ENTER, line);
  if (e->file == NULL) return;
  mode_t mask = umask(077);
  history(e->history, &e->event, H_SAVE, e->file);
  umask(mask);
}

#else

Editor *edit_new(const char *history, int lines, EditComplete complete, void *ctx, Error *err) {
  (void)history, (void)lines, (void)complete, (void)ctx;
  error_set(err, EDIT_MISSING);
  return NULL;
}
void edit_free(Editor *e) { (void)e; }
EditResult edit_read(Editor *e, const char *prompt, Buf *out) {
  (void)e, (void)prompt, (void)out;
  errno = ENOSYS;
  return EDIT_FAILED;
}
void edit_remember(Editor *e, const char *line) { (void)e, (void)line; }

#endif
