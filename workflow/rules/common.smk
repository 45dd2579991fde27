from acquisition import Acquisition
from calibration import Calibration
from filtering import Filtering
from generation import Generation
from jobs import Jobs
from options import argument, chosen, input_list, options, without
from publication import TRAININGS, Publication, folder_files, given_folder, model_files
from quality import Quality
from reporting import Reporting
from segmentation import Segmentation
from selection import evaluated_models, table_sets, tabulated_sets, targets_with_conditions, used_generators

# Their methods are the input and params functions of the rules.
acquisition = Acquisition(config, REPOSITORY)
generation = Generation(config, REPOSITORY)
segmentation = Segmentation(config, REPOSITORY)
quality = Quality(config)
filtering = Filtering(config)
jobs = Jobs(config)
calibration = Calibration(config)
reporting = Reporting(config)
publication = Publication(config)
