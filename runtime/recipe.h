/* runtime/recipe.h - a recipe that was loaded: its sandboxes, its plan, the files it read.
**
** The first state (worker 0) reads files through the host's loader; what it read is kept, and the
** states of other workers load from that, so that all of them run the same program. A state that
** builds another plan than the first one is an error. Functions of the recipe are known by their
** number in the plan; each state keeps its own list of them. */
#ifndef TAMIS_RECIPE_H
#define TAMIS_RECIPE_H

#include "core/buf.h"
#include "core/error.h"
#include "runtime/sandbox.h"

enum { RECIPE_MAX_WORKERS = 1024 };

/* What the recipe asked the loader for, and the answer. */
typedef struct RecipeFile {
  char *kind, *name;       /* "module", "lines", "json" */
  char *path;              /* as people read it; NULL if there is none: then text says why */
  char *text;              /* owned */
  size_t len;
} RecipeFile;

/* Asks the host: 0, with f->path and f->text set (or path NULL and in text why there is none, be it
** that the loader itself failed). -1: out of memory. */
typedef int (*RecipeLoader)(void *ctx, RecipeFile *f);

typedef struct Recipe {
  int refs;                /* main thread only */
  char *path;              /* how people call it: the chunk's name */
  char *text;
  size_t len;
  Buf config;              /* transfer bytes: { args =, stages = } */
  Buf plan;                /* transfer bytes of the plan of the first state */
  SandboxLimits load_limit, call_limit;
  int trace;
  RecipeLoader loader;     /* NULL once the first state is loaded */
  void *loader_ctx;
  RecipeFile *file;        /* [nfiles] */
  size_t nfiles;
  Sandbox *worker[RECIPE_MAX_WORKERS];   /* [nworkers], owned */
  int nworkers;
} Recipe;

/* An empty recipe with one reference; NULL if out of memory. */
Recipe *recipe_new(const char *path, Span text);
Recipe *recipe_ref(Recipe *r);
void recipe_unref(Recipe *r);              /* NULL is left alone */

/* Loads states until there are n: the first one makes the plan. 0; -1 with err worded, and the
** states that there were before or that went well. Main thread. */
int recipe_load(Recipe *r, int n, Error *err);

/* Inside a state of the recipe: pushes function `number` of the plan; nil if none. [-0, +1, e] */
void recipe_function(lua_State *L, lua_Integer number);
/* Runs inside(L) in worker w's state, frozen, with ctx as its one argument, a light userdata; it
** leaves nothing. 0; -1 with err worded. */
int recipe_run(Recipe *r, int w, lua_CFunction inside, void *ctx, Error *err);
/* Words the failed call of worker w whose message is on top of its stack, and pops it. */
void recipe_word(const Recipe *r, int w, int status, Error *err);

#endif
