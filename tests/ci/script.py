# SPDX-License-Identifier: MIT
"""Prints a part of a workflow: script.py FILE env | script.py FILE step NAME | script.py FILE script NUMBER |
script.py FILE matrix NAME."""
import sys

import yaml

with open(sys.argv[1], encoding='utf-8') as file:
    workflow = yaml.safe_load(file)
what = sys.argv[2]
if what == 'env':
    for name, value in (workflow.get('env') or workflow['nomem']['variables']).items():
        print(f'{name}={value}')
elif what == 'step':
    steps = [step for job in workflow['jobs'].values() for step in job['steps']]
    print(next(step['run'] for step in steps if step.get('name') == sys.argv[3]))
elif what == 'matrix':
    print(*next(job['strategy']['matrix'][sys.argv[3]] for job in workflow['jobs'].values() if 'strategy' in job))
elif what == 'script':
    print(workflow['nomem']['script'][int(sys.argv[3])])
