#!/bin/sh
# release.sh APPLICATION ENVIRONMENT BUCKET LABEL BUNDLE.zip: gives Elastic Beanstalk a new version,
# waits until it is healthy, and goes back to the one before when it does not become so.
#
# Wants the AWS CLI with credentials and region. LABEL names the version for good; one that is there
# already is deployed again. WAIT: how many seconds to wait for each of the two (1200).
# Status 0: LABEL runs and is healthy. 1: nothing was changed. 3: it was not healthy, the version
# before runs again. 4: neither does.
set -eu

say() {
  echo "release: $*" >&2
}

[ $# -eq 5 ] || {
  echo "usage: $0 APPLICATION ENVIRONMENT BUCKET LABEL BUNDLE.zip" >&2
  exit 1
}
app=$1 env=$2 bucket=$3 label=$4 bundle=$5
patience=${WAIT:-1200} step=${STEP:-10}

# Prints version, status and color, in that order.
state() {
  aws elasticbeanstalk describe-environments --application-name "$app" --environment-names "$env" \
    --no-include-deleted --output text --query 'Environments[0].[VersionLabel,Status,Health]'
}

# Waits until version $1 runs and is Green; status 1 when it does not in time. Yellow is not enough:
# a batch of the deployment may have failed.
healthy() {
  waited=0 begun=''
  while [ "$waited" -lt "$patience" ]; do
    now=$(state | tr '\t' ' ') || now=''
    case $now in
    "$1 Ready Green") return 0 ;;
    *' Updating '*) begun=1 ;;
    "$1 "* | '') ;;
    *' Ready '*)
      # Not at once: it may not have begun.
      if [ -n "$begun" ] || [ "$waited" -ge 60 ]; then
        say "$env went back to ${now%% *} by itself"
        return 1
      fi
      ;;
    esac
    sleep "$step"
    waited=$((waited + step))
  done
  say "after $patience s $env is: $now"
  return 1
}

deploy() {
  aws elasticbeanstalk update-environment --application-name "$app" --environment-name "$env" \
    --version-label "$1" --output text --query Status >/dev/null
}

events() {
  aws elasticbeanstalk describe-events --application-name "$app" --environment-name "$env" \
    --max-items 20 --output text --query 'Events[].[EventDate,Severity,Message]' >&2 || :
}

before=$(state | cut -f 1)
case $before in
'' | None)
  say "there is no environment $env of $app"
  exit 1
  ;;
esac

known=$(aws elasticbeanstalk describe-application-versions --application-name "$app" \
  --version-labels "$label" --output text --query 'ApplicationVersions[0].VersionLabel')
if [ "$known" != "$label" ]; then
  key=$app/$label.zip
  aws s3 cp --only-show-errors "$bundle" "s3://$bucket/$key"
  # Not with --process: as long as that goes on the version cannot be deployed.
  aws elasticbeanstalk create-application-version --application-name "$app" \
    --version-label "$label" --source-bundle "S3Bucket=$bucket,S3Key=$key" \
    --output text --query ApplicationVersion.Status >/dev/null
fi

say "$env: $before -> $label"
deploy "$label" || exit 1
if healthy "$label"; then
  say "$label is healthy"
  exit 0
fi
events

if [ "$before" = "$label" ]; then
  say 'there is no version to go back to'
  exit 4
fi
say "$env: back to $before"
case $(state | tr '\t' ' ') in
"$before Ready "*) ;;
*) deploy "$before" || exit 4 ;;
esac
healthy "$before" || exit 4
exit 3
