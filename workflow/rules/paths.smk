import packages
from selection import imported_training_sets

BENCHMARK = f"results/{config['benchmark']}"


pathvars:
    benchmark=BENCHMARK,
    source=f"{BENCHMARK}/data/{config['source']}",


wildcard_constraints:
    package="[^/]+",
    dataset="|".join([*packages.owners(config), "prior"]),
    generator="|".join(config["generators"]),
    model="|".join(config["models"]),
    training_set="|".join(dict.fromkeys([*config["training_sets"], *imported_training_sets(config)])),
    target="|".join(config["targets"]),
    seed=r"\d+",
    shard=r"\d+",
