/* modules/term/term.h - a terminal taken over for a full-screen form, and given back.
**
** An open terminal is in raw mode, on the alternate screen, its cursor hidden: keys arrive one by
** one, Ctrl-C too. It is given back as it was by term_close, and also when the process is about to
** end by a signal (INT, TERM, HUP, QUIT, and the faults SEGV, BUS, FPE, ILL, ABRT) or is stopped
** (TSTP, and taken over again behind CONT). After that the handler that stood before takes the
** signal. There is one terminal a process, so one may be open at a time. */
#ifndef TAMIS_TERM_H
#define TAMIS_TERM_H

#include "core/error.h"
#include "core/span.h"
#include "term/keys.h"

typedef struct Term Term;

typedef enum TermEvent {
  TERM_KEY,           /* *key holds it */
  TERM_RESIZED,       /* the size may have changed, or the screen was lost: draw anew */
  TERM_TIMEOUT,
  TERM_SIGNALLED,     /* a signal arrived that asks the program to end; the terminal is given back */
  TERM_GONE           /* no more keys: hung up */
} TermEvent;

/* Takes over the terminal whose keys are read from `in` and whose screen is `out`. NULL with err
** worded: one of them is no terminal, one is open already, out of memory. */
Term *term_open(int in, int out, Error *err);
void term_close(Term *t);          /* gives it back; NULL is left alone */

/* Waits for a key, at most timeout_ms (negative: for ever). */
TermEvent term_key(Term *t, int timeout_ms, Key *key);
void term_size(const Term *t, int *columns, int *rows);   /* 80 by 24 where it cannot tell */
/* 0, or -1 with errno set. The text is written as it is: what comes from data is made safe before. */
int term_write(Term *t, Span text);
/* Stops the process as Ctrl-Z does, the terminal given back; returns when it goes on. */
void term_suspend(Term *t);

#endif
