/* modules/scan/standin.h - a stand-in of the same shape: letters for letters, digits for digits, all else
** as it was. Drawn by HMAC-SHA256 of the type and of the text's letters and digits, case aside, so that
** one number has one stand-in however it is grouped, and nobody without the key can tell whose it was.
** What can be is put where nobody lives: e-mail under ".example", US social security numbers from 900 on. */
#ifndef TAMIS_STANDIN_H
#define TAMIS_STANDIN_H

#include "core/buf.h"

enum { STANDIN_KEY = 32 };

/* A key for one scope (a row's bytes; any text) from a key of any length. */
void standin_key(unsigned char out[STANDIN_KEY], Span key, Span scope);
/* Adds the stand-in of text to out. 0, or -1 if out of memory. */
int standin_write(Buf *out, const unsigned char key[STANDIN_KEY], Span type, Span text);

#endif
