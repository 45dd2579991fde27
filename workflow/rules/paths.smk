BENCHMARK = f"results/{config['benchmark']}"


pathvars:
    benchmark=BENCHMARK,
    source=f"{BENCHMARK}/data/{config['source']}",


wildcard_constraints:
    package="[^/]+",
    dataset="|".join([*config["datasets"], "prior"]),
    generator="|".join(config["generators"]),
    model="|".join(config["models"]),
    training_set="|".join(config["training_sets"]),
    target="|".join(config["targets"]),
    seed=r"\d+",
    shard=r"\d+",
