/* runtime/embedded.h - the scripts that live inside the program: every file of scripts/, as text.
** build/…/embedded.c is made by the Makefile. */
#ifndef TAMIS_EMBEDDED_H
#define TAMIS_EMBEDDED_H

#include <stddef.h>

typedef struct EmbeddedScript {
  const char *name;             /* as `require` says it: "stages.length" for scripts/stages/length.lua */
  const unsigned char *bytes;   /* [len] source text, NUL behind */
  size_t len;
} EmbeddedScript;

extern const EmbeddedScript embedded_scripts[];   /* ends with a NULL name */

const EmbeddedScript *embedded_find(const char *name);   /* NULL if there is none */

#endif
