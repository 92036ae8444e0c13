<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * When a course counts as completed.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * The activities that complete a course. Criteria of other sorts, and on activities that have no key, are left alone.
 */
final class course_completion implements kind {
    /** @var string the only key. */
    private const KEY = 'completion';

    /** @var activity_index finds activities. */
    private readonly activity_index $index;

    /**
     * Constructor.
     *
     * @param scope $scope the course
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
    ) {
        global $CFG;
        require_once($CFG->libdir . '/completionlib.php');
        require_once($CFG->dirroot . '/completion/criteria/completion_criteria_activity.php');
        $this->index = new activity_index($scope);
    }

    #[\Override]
    public function name(): string {
        return 'completion';
    }

    #[\Override]
    public function parse(payload $payload): item {
        $payload->only('key', 'fields', 'desired');
        $fields = $payload->object('fields')->read([
            'activities' => fn(payload $p, string $f) => $p->set($f),
            'aggregation' => fn(payload $p, string $f) => $p->choice($f, ['all', 'any']),
        ]);
        return new item($payload->choice('key', [self::KEY]), $fields, $payload->digests('desired'), $payload->path);
    }

    #[\Override]
    public function apply(item $item): outcome {
        $before = $this->state();
        $changes = values::changes($item->fields, $before['state'] ?? []);
        if ($changes) {
            if (!(new \completion_info($this->scope->course))->is_enabled()) {
                throw new failure('completiondisabled', "$item->path.fields");
            }
            if ($locked = $this->learners()) {
                throw new failure('completionlocked', "$item->path.fields", $locked);
            }
            if (isset($changes['activities'])) {
                $this->write_activities($changes['activities'], $item);
            }
            $this->write_aggregation($changes['aggregation'] ?? $before['state']['aggregation'] ?? 'all');
            $this->after_write();
        }
        $action = $changes ? ($before ? outcome::UPDATED : outcome::CREATED) : outcome::UNCHANGED;
        $state = $this->state()['state'] ?? ['activities' => [], 'aggregation' => 'all'];
        return new outcome($action, (int)$this->scope->course->id, $state);
    }

    /**
     * The criteria on activities of ours.
     *
     * @return array|null state and locked; null when there are none
     */
    public function state(): ?array {
        global $DB;
        [$ours] = $this->index->all();
        $ids = array_map(fn($cm) => (int)$cm->id, $ours);
        $criteria = array_intersect($ids, array_keys($this->criteria()));
        $method = $DB->get_field('course_completion_aggr_methd', 'method', $this->aggregation());
        if (!$criteria) {
            return null;
        }
        $keys = array_map('strval', array_keys($criteria));
        sort($keys, SORT_STRING);
        return [
            'state' => [
                'activities' => $keys,
                'aggregation' => (int)$method === COMPLETION_AGGREGATION_ANY ? 'any' : 'all',
            ],
            'locked' => $this->learners() > 0,
        ];
    }

    /**
     * Makes the criteria on activities of ours be those wanted.
     *
     * @param string[] $wanted keys of activities
     * @param item $item the item
     */
    private function write_activities(array $wanted, item $item): void {
        $criteria = $this->criteria();
        $keep = [];
        foreach ($wanted as $i => $key) {
            $cm = $this->index->get($key, $item->at("activities[$i]"));
            if ((int)$cm->completion === COMPLETION_TRACKING_NONE) {
                throw new failure('nottracked', $item->at("activities[$i]"), $key);
            }
            $keep[$cm->id] = true;
            if (!isset($criteria[$cm->id])) {
                $data = (object)['id' => $this->scope->course->id, 'criteria_activity' => [$cm->id => 1]];
                (new \completion_criteria_activity())->update_config($data);
            }
        }
        [$ours] = $this->index->all();
        foreach ($ours as $cm) {
            if (isset($criteria[$cm->id]) && !isset($keep[$cm->id])) {
                \completion_criteria_activity::fetch(['id' => $criteria[$cm->id]])->delete();
            }
        }
    }

    /**
     * Whether all of the activities are needed, or any.
     *
     * @param string $word all or any
     */
    private function write_aggregation(string $word): void {
        global $DB;
        $methods = ['all' => COMPLETION_AGGREGATION_ALL, 'any' => COMPLETION_AGGREGATION_ANY];
        $activities = new \completion_aggregation($this->aggregation());
        $activities->setMethod($methods[$word]);
        $activities->save();
        // How criteria of different sorts go together: only when nobody has said.
        $overall = ['course' => $this->scope->course->id, 'criteriatype' => null];
        if (!$DB->record_exists('course_completion_aggr_methd', $overall)) {
            $aggregation = new \completion_aggregation($overall);
            $aggregation->setMethod(COMPLETION_AGGREGATION_ALL);
            $aggregation->save();
        }
    }

    /**
     * What Moodle does after such a change.
     */
    private function after_write(): void {
        \cache::make('core', 'coursecompletion')->purge();
        \core\event\course_completion_updated::create([
            'courseid' => $this->scope->course->id,
            'context' => $this->scope->context,
        ])->trigger();
    }

    /**
     * How many completions of learners would not be what they were.
     *
     * @return int
     */
    private function learners(): int {
        global $DB;
        return (int)$DB->count_records_sql(
            "SELECT COUNT(DISTINCT x.userid)
               FROM (SELECT userid FROM {course_completion_crit_compl} WHERE course = :a
                      UNION
                     SELECT userid FROM {course_completions} WHERE course = :b AND timecompleted > 0) x",
            ['a' => $this->scope->course->id, 'b' => $this->scope->course->id]
        );
    }

    /**
     * Criteria on activities.
     *
     * @return int[] criterion ids, by course module id
     */
    private function criteria(): array {
        global $DB;
        return $DB->get_records_menu('course_completion_criteria', [
            'course' => $this->scope->course->id,
            'criteriatype' => COMPLETION_CRITERIA_TYPE_ACTIVITY,
        ], 'id', 'moduleinstance, id');
    }

    /**
     * By what the aggregation of activity criteria is found.
     *
     * @return array
     */
    private function aggregation(): array {
        return ['course' => $this->scope->course->id, 'criteriatype' => COMPLETION_CRITERIA_TYPE_ACTIVITY];
    }
}
