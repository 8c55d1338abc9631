/* modules/edit/edit.h - lines typed at a terminal, with history and completion, over libedit.
** Without libedit (HAVE_EDIT) there is no editor, and the caller reads plain lines.
**
** Ctrl-C while a line is typed drops the line and raises no signal; while no line is read the
** terminal is as it was, so there Ctrl-C is SIGINT. */
#ifndef TAMIS_EDIT_H
#define TAMIS_EDIT_H

#include "core/buf.h"
#include "core/error.h"

#define EDIT_MISSING "needs libedit: install libedit-dev and build again"

typedef struct Editor Editor;

/* What could stand where the cursor is: words, each whole, that begin with line[start..cursor). */
typedef struct EditWords {
  Buf text;          /* words one after another, each with a NUL behind it */
  size_t n;
  size_t start;      /* bytes from the start of the line */
} EditWords;

int edit_word(EditWords *w, Span word);   /* 0, or -1 if out of memory; a word with a NUL is left out */

/* Fills `out` for the line up to the cursor, which is not blank. Must not raise or jump. */
typedef void (*EditComplete)(void *ctx, Span line, EditWords *out);

typedef enum EditResult { EDIT_LINE, EDIT_END, EDIT_INTERRUPTED, EDIT_FAILED } EditResult;

/* An editor on stdin and stdout, which must be a terminal. history: a file to load, NULL for none;
** at most `lines` are kept. complete may be NULL. NULL with err worded. */
Editor *edit_new(const char *history, int lines, EditComplete complete, void *ctx, Error *err);
/* Ends it and restores the terminal; NULL is left alone. */
void edit_free(Editor *e);

/* Reads one line, without its line feed, into out (emptied first). prompt: no escape sequences;
** it must live until the call returns. EDIT_FAILED with errno set: out of memory, or the terminal
** is gone. */
EditResult edit_read(Editor *e, const char *prompt, Buf *out);

/* Puts a line into the history and writes the file (mode 0600); blank lines are left out. A file
** that cannot be written is no error: the history then ends with the process. */
void edit_remember(Editor *e, const char *line);

#endif
