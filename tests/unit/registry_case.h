/* The content that tests of the registry push. */
#pragma once
#include "registry_place.h"

static const char layer_text[] = "the bytes of a layer";
#define LAYER BYTES_LIT("the bytes of a layer")
#define CONFIG BYTES_LIT("{\"os\":\"linux\",\"architecture\":\"amd64\"}")
