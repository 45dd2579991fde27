from datetime import datetime


# `snakemake calibrate` measures what this machine sustains, for the plan.
rule calibrate:
    output:
        "<benchmark>/calibration.json",
    log:
        "<benchmark>/logs/calibrate.log",
    conda:
        "../envs/torch.yaml"
    threads: max(config["threads"].values())
    resources:
        gpu=int(jobs.device != "cpu"),
        mem_mb=jobs.mem_mb("train_dreambooth"),
    params:
        options=calibration.options(),
        asked=str(datetime.now()),  # measures anew each time: the machine may be another
    shell:
        "on_gpus {resources.gpu}"
        ' python "$PYTHONPATH/workflow/lib/calibrate.py" --options {params.options:q} --output {output} &> {log}'
