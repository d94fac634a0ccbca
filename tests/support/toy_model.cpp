#include "tests/support/toy_model.h"
